import type { Credentials } from '../../credentials.ts';
import { apiKey } from './api-key.ts';
import { basic } from './basic.ts';
import { bearer } from './bearer.ts';
import { GITHUB } from './github.ts';
import { customScheme } from './hmac.ts';
import { jwt } from './jwt.ts';
import { mtls } from './mtls.ts';
import { checkNamed } from './names.ts';
import { needSecrets } from './secrets.ts';
import type { AuthSettings, SchemeSettings, SettingsOf } from './settings.ts';
import { SHOPIFY } from './shopify.ts';
import { type SignatureScheme, signatureVerifier } from './signature.ts';
import { SLACK, slackHandshake } from './slack.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { STRIPE } from './stripe.ts';
import type { Tolerance } from './timestamp.ts';
import { anyOf, type Verifier } from './verifier.ts';

type Name = Extract<keyof SchemeSettings, string>;
type Create<N extends Name> = (settings: SettingsOf<N>, context: Context) => Promise<Verifier>;

interface Context {
  readonly credentials: Credentials;
  readonly tolerance: Tolerance;
  /** Where the settings of the scheme stand. */
  readonly field: string;
}

const SCHEMES: { readonly [N in Name]: Create<N> } = {
  basic: (settings, { credentials }) => basic(settings, credentials),
  bearer: (settings, { credentials }) => bearer(settings, credentials),
  apiKey: (settings, { credentials }) => apiKey(settings, credentials),
  jwt: (settings, { credentials, field }) => jwt(settings, credentials, field),
  hmac: (settings, context) => signed(customScheme(settings, context.field))(settings, context),
  standardWebhooks: (settings, { credentials, tolerance }) =>
    standardWebhooks(settings, credentials, tolerance),
  github: signed(GITHUB),
  stripe: signed(STRIPE),
  shopify: signed(SHOPIFY),
  slack: async (settings, context) => ({
    ...(await signed(SLACK)(settings, context)),
    handshake: slackHandshake,
  }),
  mtls: async (settings) => mtls(settings),
};

function signed(scheme: SignatureScheme) {
  return async (
    { secret }: { readonly secret: string },
    { credentials, tolerance }: Context,
  ): Promise<Verifier> =>
    signatureVerifier(scheme, await needSecrets(credentials, secret), tolerance);
}

/**
 * What all has to be fulfilled, for the settings at `context.field`.
 * @throws PluginError INVALID_CONFIG for credentials that are missing or cannot be used
 */
export async function createVerifiers(
  { anyOf: choices, ...schemes }: AuthSettings,
  context: Context,
): Promise<Verifier[]> {
  const verifiers = await createAll(schemes, context);
  if (!choices) return verifiers;
  const parts = await Promise.all(
    choices.map(async (choice, i) =>
      createAll(choice, { ...context, field: `${context.field}.anyOf[${i}]` }),
    ),
  );
  return [...verifiers, anyOf(parts)];
}

async function createAll(schemes: SchemeSettings, context: Context): Promise<Verifier[]> {
  await checkNamed(schemes, context.credentials);
  const create = <N extends Name>(name: N, settings: SettingsOf<N>): Promise<Verifier> =>
    SCHEMES[name](settings, { ...context, field: `${context.field}.${name}` });
  const names = Object.keys(SCHEMES) as Name[];
  return Promise.all(
    names.flatMap((name) => {
      const settings = schemes[name];
      return settings ? create(name, settings) : [];
    }),
  );
}

/** Whether one of the schemes asks for a client certificate. */
export function asksForCertificate(auth: AuthSettings): boolean {
  return [auth, ...(auth.anyOf ?? [])].some(({ mtls: asked }) => asked !== undefined);
}
