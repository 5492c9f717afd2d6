/** How plugins in all languages begin what they say when their magic cookie is absent or differs. */
export const notExecutable = 'This binary is a plugin.';
