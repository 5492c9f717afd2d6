// Runs before a published package is packed. Only pnpm replaces `workspace:` and `catalog:` by versions, and
// adds the licence; what npm packs cannot be installed.
if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  console.error(
    `npm cannot pack ${process.env.npm_package_name}: its dependencies would not be installable. ` +
      'Run `npm run pack` in the root of the repository: it packs all packages into dist/packages.',
  );
  process.exitCode = 1;
}
