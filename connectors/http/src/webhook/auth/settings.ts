import { type Static, type TProperties, Type } from 'typebox';

const closed = { additionalProperties: false };
const HEADER = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const;
const CURVES = ['ES256', 'ES384', 'ES512', 'EdDSA'] as const;
const SYMMETRIC = ['HS256', 'HS384', 'HS512'] as const;

function credential(name: string, what: string) {
  return Type.String({
    default: name,
    minLength: 1,
    description: `Name of the credential: ${what}`,
  });
}

const secrets = credential(
  'hmac_secret',
  'the secret, or several, one a line. NAME_previous is taken as well: a secret that is being replaced.',
);

function scheme<P extends TProperties>(description: string, properties: P) {
  return Type.Optional(Type.Object(properties, { ...closed, description }));
}

/** The ways in which a sender can prove who it is, by their names in the settings. */
const schemes = {
  basic: scheme('User name and password (RFC 7617).', {
    username: credential('basic_username', 'the user name.'),
    password: credential(
      'basic_password',
      'the password. NAME_previous is taken as well: a password that is being replaced.',
    ),
  }),
  bearer: scheme('`Authorization: Bearer TOKEN`.', {
    tokens: credential('bearer_tokens', 'the tokens, one a line.'),
  }),
  apiKey: scheme('A key in a header or in the query.', {
    in: Type.Enum(['header', 'query'], { default: 'header', description: 'Where the key is.' }),
    name: Type.String({
      default: 'x-api-key',
      minLength: 1,
      description: 'Name of header or parameter.',
    }),
    keys: credential('api_keys', 'the keys, one a line.'),
  }),
  jwt: scheme(
    'A JSON Web Token as bearer token. It must expire. Its keys come from `jwksUrl`, or else from one of the two credentials.',
    {
      jwksUrl: Type.Optional(
        Type.String({
          minLength: 1,
          description:
            'Where the issuer publishes its keys, http or https, without user name and password.',
        }),
      ),
      publicKeys: credential('jwt_public_keys', 'public keys in PEM.'),
      secret: credential('jwt_secret', 'the shared secret.'),
      algorithms: Type.Optional(
        Type.Array(Type.Enum([...ASYMMETRIC, ...CURVES, ...SYMMETRIC]), {
          minItems: 1,
          description:
            'Algorithms taken. Default: RS256, PS256, ES256 and EdDSA with public keys, HS256 with a secret.',
        }),
      ),
      issuer: Type.Optional(Type.String({ minLength: 1, description: 'Expected `iss`.' })),
      audience: Type.Optional(Type.String({ minLength: 1, description: 'Expected in `aud`.' })),
      clockSkewSeconds: Type.Integer({
        default: 30,
        minimum: 0,
        maximum: 600,
        description: 'How far the clocks may be apart.',
      }),
    },
  ),
  hmac: scheme('An HMAC of the body in a header, for senders that have no scheme here.', {
    header: Type.String({ pattern: HEADER, description: 'Header with the signature.' }),
    algorithm: Type.Enum(['sha256', 'sha384', 'sha512', 'sha1'], {
      default: 'sha256',
      description: 'Hash of the HMAC; sha1 only for senders that know nothing else.',
    }),
    encoding: Type.Enum(['hex', 'base64'], { default: 'hex', description: 'How it is written.' }),
    prefix: Type.String({ default: '', description: 'What stands before a signature: `sha256=`.' }),
    separator: Type.String({
      default: '',
      description: 'What stands between several signatures, of which one must fit.',
    }),
    template: Type.String({
      default: '{body}',
      pattern: '\\{body\\}',
      description: 'What is signed, of `{body}`, `{timestamp}` and `{id}`: `{timestamp}.{body}`.',
    }),
    timestampHeader: Type.Optional(
      Type.String({ pattern: HEADER, description: 'Header with `{timestamp}`, in seconds.' }),
    ),
    idHeader: Type.Optional(
      Type.String({
        pattern: HEADER,
        description: 'Header with `{id}`, which becomes the message id.',
      }),
    ),
    secret: secrets,
  }),
  standardWebhooks: scheme('Standard Webhooks, `v1` (secret) and `v1a` (public key).', {
    secret: credential('hmac_secret', '`whsec_…`, one a line; NAME_previous is taken as well.'),
    publicKey: credential('webhook_public_key', '`whpk_…`, one a line.'),
  }),
  github: scheme('GitHub: X-Hub-Signature-256.', { secret: secrets }),
  stripe: scheme('Stripe: Stripe-Signature.', { secret: secrets }),
  shopify: scheme('Shopify: X-Shopify-Hmac-Sha256.', { secret: secrets }),
  slack: scheme('Slack: X-Slack-Signature. Its `url_verification` is answered.', {
    secret: secrets,
  }),
  mtls: scheme('A client certificate that `credentials.tls_client_ca` has signed; needs `tls`.', {
    subjects: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Who may call: common names, or alternative names such as `DNS:shop.example` and `URI:spiffe://shop/orders`. Empty: whoever has a certificate.',
    }),
  }),
};

export const AuthSettings = Type.Object(
  {
    ...schemes,
    anyOf: Type.Optional(
      Type.Array(Type.Object(schemes, { ...closed, minProperties: 1 }), {
        minItems: 1,
        description: 'Ways of which one is enough.',
      }),
    ),
  },
  closed,
);
export type AuthSettings = Static<typeof AuthSettings>;
/** Every scheme in it must be fulfilled. */
export type SchemeSettings = Omit<AuthSettings, 'anyOf'>;
/** The settings of one scheme. */
export type SettingsOf<Name extends keyof SchemeSettings> = NonNullable<SchemeSettings[Name]>;

export const ALGORITHMS = { asymmetric: [...ASYMMETRIC, ...CURVES], symmetric: [...SYMMETRIC] };

/** The settings of each scheme whose value is the name of a credential. */
export const NAMING: { readonly [N in keyof SchemeSettings]-?: readonly (keyof SettingsOf<N>)[] } =
  {
    basic: ['username', 'password'],
    bearer: ['tokens'],
    apiKey: ['keys'],
    jwt: ['publicKeys', 'secret'],
    hmac: ['secret'],
    standardWebhooks: ['secret', 'publicKey'],
    github: ['secret'],
    stripe: ['secret'],
    shopify: ['secret'],
    slack: ['secret'],
    mtls: [],
  };
