// A certificate that nobody signed but its own key, for an endpoint that is not to be trusted: X.509 v1 in DER, by hand.
import crypto from 'node:crypto';

const der = (tag, ...parts) => {
  const body = Buffer.concat(parts);
  const length = body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255]);
  return Buffer.concat([Buffer.from([tag]), length, body]);
};
const sequence = (...parts) => der(0x30, ...parts);
const time = (text) => der(0x17, Buffer.from(text, 'latin1'));
const ECDSA_SHA256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));

export function selfSigned(name) {
  const { privateKey, publicKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const named = sequence(der(0x31, sequence(Buffer.from('0603550403', 'hex'), der(0x0c, Buffer.from(name)))));
  const body = sequence(der(0x02, Buffer.from([1])), ECDSA_SHA256, named, sequence(time('250101000000Z'), time('491231235959Z')), named,
    publicKey.export({ type: 'spki', format: 'der' }));
  const signature = der(0x03, Buffer.from([0]), crypto.sign('sha256', body, privateKey));
  const pem = sequence(body, ECDSA_SHA256, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }), cert: `-----BEGIN CERTIFICATE-----\n${pem}\n-----END CERTIFICATE-----\n` };
}
