// npm cannot link a pnpm workspace: say so at once, instead of leaving half an install behind.
if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  console.error(
    'This is a pnpm workspace. Run `npm start` or `npm test`: both install what they need.',
  );
  process.exit(1);
}
