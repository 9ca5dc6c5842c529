#!/usr/bin/env node
import { main } from '../dist/index.js';

process.once('SIGINT', () => process.exit(130));
process.exit(await main(process.argv.slice(2)));
