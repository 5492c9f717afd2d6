import { Type } from 'typebox';

const HOUR_MS = 3_600_000;

/** When a host that does not work is left alone, and for how long. */
export const circuitSettings = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description: 'Send nothing for a while to a host that fails: no connection, no answer, 5xx.',
    }),
    windowMs: Type.Integer({
      default: 30_000,
      minimum: 1000,
      maximum: HOUR_MS,
      description: 'The time that is looked back on.',
    }),
    minRequests: Type.Integer({
      default: 20,
      minimum: 1,
      description: 'As long as there were fewer in the window, nothing happens.',
    }),
    failureRatio: Type.Number({
      default: 0.5,
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      description: 'More failures than this, of 1, and sends fail at once.',
    }),
    openMs: Type.Integer({
      default: 15_000,
      minimum: 1,
      maximum: HOUR_MS,
      description: 'For how long; then some requests try how things are.',
    }),
    halfOpenMax: Type.Integer({
      default: 3,
      minimum: 1,
      maximum: 1000,
      description: 'How many try, while the others wait. All must succeed.',
    }),
  },
  { additionalProperties: false, default: {}, description: 'Rest for a host that does not work.' },
);
