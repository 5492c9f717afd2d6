import { TLSSocket } from 'node:tls';
import type { SettingsOf } from './settings.ts';
import type { Verifier } from './verifier.ts';

/** A client certificate of the client CA; TLS has checked it, and this asks for the outcome. */
export function mtls({ subjects }: SettingsOf<'mtls'>): Verifier {
  const allowed = new Set(subjects);
  return {
    needsBody: false,
    verify({ socket }) {
      if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
      return allowed.size === 0 || namesOf(socket).some((name) => allowed.has(name));
    },
  };
}

/** The common name, and alternative names such as `DNS:shop.example`. */
function namesOf(socket: TLSSocket): string[] {
  const { subject, subjectaltname = '' } = socket.getPeerCertificate();
  // Node quotes a name that holds a separator. Whoever needs that may be up to something.
  const alternatives = subjectaltname.includes('"') ? [] : subjectaltname.split(', ');
  const commonName: unknown = subject?.CN;
  return typeof commonName === 'string' ? [commonName, ...alternatives] : alternatives;
}
