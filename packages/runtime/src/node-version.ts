// The first import of each entry, which ends the process on a Node that is too old.
import '@vrsky/go-plugin/node-version';
