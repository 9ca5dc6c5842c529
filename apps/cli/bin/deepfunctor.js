#!/usr/bin/env node
import { main } from '../dist/index.js';

// What the engine for training calls of Node is no message for a user.
if (!process.noDeprecation) process.noDeprecation = true;
process.once('SIGINT', () => process.exit(130));
process.exit(await main(process.argv.slice(2)));
