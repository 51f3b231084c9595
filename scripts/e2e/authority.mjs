// A certificate authority of our own, a server with a certificate of it, and how the libraries of Node come to trust it.
import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { Server, freePort, host } from './server.mjs';

const run = promisify(execFile);

export class Authority {
  /** Makes the authority, and a certificate of it for this host. */
  static async make() {
    const authority = new Authority();
    authority.folder = await mkdtemp(join(tmpdir(), 'halley-authority-'));
    await authority.sign('ca', '-subj', '/CN=An authority for tests', '-addext', 'keyUsage=critical,keyCertSign');
    await authority.sign('host', '-subj', '/CN=localhost', '-CA', authority.file('ca.crt'), '-CAkey', authority.file('ca.key'),
      '-addext', 'basicConstraints=critical,CA:FALSE', '-addext', 'subjectAltName=IP:' + host);
    authority.certificate = await readFile(authority.file('ca.crt'), 'utf8');
    // Chromium finds the authority by its key in the chain that the server shows.
    await writeFile(authority.file('chain.crt'), await readFile(authority.file('host.crt'), 'utf8') + authority.certificate);
    return authority;
  }

  file(name) {
    return join(this.folder, name);
  }

  sign(name, ...further) {
    return run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
      '-keyout', this.file(name + '.key'), '-out', this.file(name + '.crt'), ...further]);
  }

  /** Starts a server that clients reach by https, with a certificate of this authority. */
  async serve(...flags) {
    const address = `${host}:${await freePort()}`;
    const server = await Server.start('--tls-listen', address, '--tls-cert', this.file('chain.crt'), '--tls-key', this.file('host.key'), ...flags);
    server.origin = `https://${address}`;
    server.url = server.origin + '/bayeux';
    return server;
  }

  /**
   * Has all of this process trust the authority, as NODE_EXTRA_CA_CERTS does for a process that begins, and speak one
   * version of TLS alone. Not every library has an argument for it.
   */
  trust(version) {
    tls.createSecureContext = (options) => {
      const context = plain({ ...options, minVersion: version, maxVersion: version });
      context.context.addCACert(this.certificate);
      return context;
    };
  }

  /** The flag by which Chromium accepts this authority, and no other that it does not know. */
  get flag() {
    const key = new X509Certificate(this.certificate).publicKey.export({ type: 'spki', format: 'der' });
    return '--ignore-certificate-errors-spki-list=' + createHash('sha256').update(key).digest('base64');
  }

  close() {
    tls.createSecureContext = plain;
    return rm(this.folder, { recursive: true });
  }
}

const plain = tls.createSecureContext;
