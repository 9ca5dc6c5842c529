/** The built site on a loopback port, below its base, as a static host would give it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import sirv from 'sirv';
import { siteBase } from '../src/repository.js';

export const built = fileURLToPath(new URL('../out/', import.meta.url));

export interface Served {
  /** Of the home page, ends with `/`. */
  address: string;
  close(): Promise<void>;
}

export async function serveSite(): Promise<Served> {
  const base = siteBase();
  const files = sirv(built, { etag: true });
  const server = createServer((request, response) => {
    const missing = () => {
      response.statusCode = 404;
      response.end();
    };
    if (!request.url?.startsWith(base)) return missing();
    request.url = request.url.slice(base.length - 1);
    files(request, response, missing);
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`,
    close: () => new Promise((closed) => server.close(() => closed())),
  };
}
