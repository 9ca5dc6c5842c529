#!/usr/bin/env node
import module from 'node:module';

// What is compiled is kept for the next start, where this Node can do so.
module.enableCompileCache?.();
const { main } = await import('../dist/main.js');

// What the engine for training calls of Node is no message for a user.
if (!process.noDeprecation) process.noDeprecation = true;
process.once('SIGINT', () => process.exit(130));
const code = await main(process.argv.slice(2));
// A pipe takes what is printed in its own time; what it has not got yet would be lost. A reader that has left wants nothing.
const printed = (stream) =>
  new Promise((done) => {
    stream.once('error', done);
    stream.write('', done);
  });
await Promise.all([printed(process.stdout), printed(process.stderr)]);
process.exit(code);
