#!/usr/bin/env node
import module from 'node:module';

// What is compiled is kept for the next start, where this Node can do so.
module.enableCompileCache?.();
const { main } = await import('../dist/index.js');

// What the engine for training calls of Node is no message for a user.
if (!process.noDeprecation) process.noDeprecation = true;
process.once('SIGINT', () => process.exit(130));
process.exit(await main(process.argv.slice(2)));
