import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false };

const ApiKeySettings = Type.Object(
  {
    in: Type.Enum(['header', 'query'], {
      default: 'header',
      description: 'Where the key goes. In a query it may end up in logs of others.',
    }),
    name: Type.String({
      default: 'x-api-key',
      minLength: 1,
      description: 'Name of header or parameter.',
    }),
  },
  { ...closed, description: 'A key, from `api_key`.' },
);
export type ApiKeySettings = Static<typeof ApiKeySettings>;

const OAuth2Settings = Type.Object(
  {
    tokenUrl: Type.String({
      minLength: 1,
      description: 'Token endpoint, http or https, without user name and password.',
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
  {
    ...closed,
    description:
      'A token by the grant of client credentials, for `oauth2_client_id` and `oauth2_client_secret`.',
  },
);
export type OAuth2Settings = Static<typeof OAuth2Settings>;

/** How http-rest proves who is calling. The secrets themselves are credentials. */
export const AuthSettings = Type.Object(
  {
    basic: Type.Optional(
      Type.Object(
        {},
        { ...closed, description: 'User name and password: `basic_username`, `basic_password`.' },
      ),
    ),
    bearer: Type.Optional(
      Type.Object({}, { ...closed, description: '`Authorization: Bearer`, with `bearer_token`.' }),
    ),
    apiKey: Type.Optional(ApiKeySettings),
    oauth2: Type.Optional(OAuth2Settings),
    standardWebhooks: Type.Optional(
      Type.Object(
        {},
        {
          ...closed,
          description:
            'Signs each attempt with `signing_secret` (`whsec_…`, or `whsk_…` for ed25519) and, while secrets are changed, with `signing_secret_previous` too.',
        },
      ),
    ),
  },
  {
    ...closed,
    default: {},
    description:
      'Proofs of who calls, from the credentials named; all that stand here are given, of basic, bearer and oauth2 only one.',
  },
);
export type AuthSettings = Static<typeof AuthSettings>;
