import { type Static, Type } from 'typebox';
import { StatusRange } from './status-range.ts';

/** A request that proves more than a connection does: Validate, Connect and Health make it. */
export const HealthCheckSettings = Type.Object(
  {
    path: Type.String({
      pattern: '^/(?![/\\\\])[^\\s{}]*$',
      description: 'Path of the request, with its query; without placeholders.',
    }),
    method: Type.Enum(['HEAD', 'GET'], { default: 'HEAD', description: 'Method of the request.' }),
    successStatus: Type.Array(StatusRange, {
      default: ['200-299'],
      minItems: 1,
      description: 'Statuses by which the endpoint says that it works.',
    }),
  },
  {
    additionalProperties: false,
    description:
      'A request to the host of `url`, with `auth`, by which Validate, Connect and Health see whether the endpoint works. Default: none; they establish a connection only.',
  },
);
export type HealthCheckSettings = Static<typeof HealthCheckSettings>;
