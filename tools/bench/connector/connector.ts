import { defineConnector } from '@vrsky/runtime/plugin';
import { Type } from 'typebox';
import { createDestination, createSource } from './sides.ts';

const Settings = Type.Object({ payloadBytes: Type.Integer({ minimum: 0 }) });

/** Connects to nothing: what it costs is the runtime's. */
export const connector = defineConnector({
  metadata: {
    id: 'bench',
    name: 'Bench',
    version: '0.0.0',
    description: 'Makes messages when asked, and takes them as fast as they come',
    author: 'VRSky',
    documentation: '',
    capabilities: [],
  },
  incoming: {
    types: ['bench-source'],
    settings: Settings,
    source: ({ settings }) => createSource(settings.payloadBytes),
  },
  outgoing: {
    types: ['bench-destination'],
    settings: Settings,
    destination: () => createDestination(),
  },
});
