#!/usr/bin/env node
import { loadCnosdb } from '../dist/bundle/load-cnosdb.js';

await loadCnosdb(process);
