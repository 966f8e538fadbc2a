import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTlsCode, tlsSentence } from '../../../src/cloud/tls-trouble.js';

const EPOCH_DAY_2 = Date.UTC(1970, 0, 2, 11, 22, 33);

test('I02: a certificate that is not valid yet is told with the date of the gateway', () => {
  assert.equal(
    tlsSentence('https://acme.example.com', 'CERT_NOT_YET_VALID', EPOCH_DAY_2),
    "TLS to https://acme.example.com failed: its certificate is not valid yet (CERT_NOT_YET_VALID); the gateway's clock says 1970-01-02; nothing was sent",
  );
});

test('an outage of one cause has one sentence all day', () => {
  const at = (ms: number) => tlsSentence('acme', 'CERT_HAS_EXPIRED', EPOCH_DAY_2 + ms);
  assert.equal(at(0), at(3_600_000));
});

test('A18: causes are told in words, and those without words by their code', () => {
  assert.match(tlsSentence('acme', 'ERR_TLS_CERT_ALTNAME_INVALID', 0), /another host name/);
  assert.match(tlsSentence('acme', 'DEPTH_ZERO_SELF_SIGNED_CERT', 0), /self-signed; set cloud\.caFile/);
  assert.equal(
    tlsSentence('acme', 'ERR_SSL_WRONG_VERSION_NUMBER', 0),
    'TLS to acme failed: ERR_SSL_WRONG_VERSION_NUMBER; nothing was sent',
  );
});

test('what is TLS and what is not', () => {
  for (const code of [
    'CERT_REVOKED',
    'EPROTO',
    'ERR_SSL_X',
    'ERR_TLS_X',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ]) {
    assert.equal(isTlsCode(code), true, code);
  }
  for (const code of ['ECONNRESET', 'ENOTFOUND', 'UND_ERR_SOCKET', 'unknown']) {
    assert.equal(isTlsCode(code), false, code);
  }
});
