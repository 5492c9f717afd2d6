import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };

/** How http-rest proves who is calling. The secrets themselves are credentials. */
export const authSettings = {
  auth: Type.Enum(['none', 'basic', 'bearer', 'apiKey', 'oauth2'], {
    default: 'none',
    description:
      'How the connector proves who calls, from credentials: `basic_username` and `basic_password`; `bearer_token`; `api_key`; `oauth2_client_id` and `oauth2_client_secret`.',
  }),
  apiKey: Type.Object(
    {
      in: Type.Enum(['header', 'query'], {
        default: 'header',
        description: 'Where the API key goes. In a query it may end up in logs of others.',
      }),
      name: Type.String({
        default: 'x-api-key',
        minLength: 1,
        description: 'Name of the header, or of the parameter of the query.',
      }),
    },
    { ...closed, default: {}, description: 'For `auth: apiKey`.' },
  ),
  oauth2: Type.Optional(
    Type.Object(
      {
        tokenUrl: Type.String({
          pattern: '^[Hh][Tt][Tt][Pp][Ss]?://',
          description: 'Token endpoint, http or https.',
        }),
        scopes: Type.Array(Type.String({ minLength: 1 }), {
          default: [],
          description: 'What to ask for.',
        }),
        audience: Type.Optional(
          Type.String({ description: 'Of the token, for servers that want to be told.' }),
        ),
        clientAuth: Type.Enum(['basic', 'body'], {
          default: 'basic',
          description: 'Where the client id and secret go: HTTP Basic, or the body.',
        }),
        refreshSkewSeconds: Type.Integer({
          default: 60,
          minimum: 0,
          maximum: 3600,
          description: 'How long before its end a token is replaced; half its life at the most.',
        }),
      },
      { ...closed, description: 'For `auth: oauth2`, with the grant of client credentials.' },
    ),
  ),
  sign: Type.Enum(['none', 'standard-webhooks'], {
    default: 'none',
    description:
      'Signs each attempt with `credentials.signing_secret` (`whsec_…`, or `whsk_…` for ed25519) and, while secrets are changed, with `credentials.signing_secret_previous` too.',
  }),
};

const AuthSettings = Type.Object(authSettings, closed);
export type AuthSettings = Static<typeof AuthSettings>;
export type OAuth2Settings = NonNullable<AuthSettings['oauth2']>;
