#!/usr/bin/env node
import { loadCnosdb } from '../dist/cli/load-cnosdb.js';

await loadCnosdb(process);
