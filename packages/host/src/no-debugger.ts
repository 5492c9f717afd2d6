/**
 * Without a handler this signal opens a debugger on a port, where any process of this user runs what it
 * likes in this one: a connector could read the secrets of the others. Imported before anything else.
 */
process.on('SIGUSR1', () => {});
