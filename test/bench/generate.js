// Deterministic line protocol like TSBS IoT data (scale: 4,000 trucks): the same points for the same count, every time.
// node generate.js POINTS > file

import { once } from 'node:events';

const fleets = ['East', 'West', 'North', 'South'];
const drivers = ['Trish', 'Albert', 'Derek', 'Andy', 'Seth', 'Rodney'];
const models = ['H_2', 'F_150', 'G_2000'];
const trucks = 4000;
const start = 1_640_995_200;
const flushBytes = 1 << 20;

/** A small generator of numbers: mulberry32 (public domain, T. Ettinger). @param {number} seed */
function randoms(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
}

const random = randoms(42);
/** @param {number} range @param {number} digits */
const decimal = (range, digits) => ((random() / 2 ** 32) * range).toFixed(digits);

/** @param {number} i */
function point(i) {
  const truck = Math.floor(i / 2) % trucks;
  const tags = `name=truck_${truck},fleet=${fleets[truck % 4]},driver=${drivers[truck % 6]},model=${models[truck % 3]},device_version=v${truck % 3}_${truck % 5}`;
  const time = `${start + Math.floor(i / 2 / trucks) * 10}${String(truck * 1000).padStart(9, '0')}`;
  if (i % 2 === 1) {
    return `diagnostics,${tags} load_capacity=1500,fuel_capacity=150,nominal_fuel_consumption=12,fuel_state=${decimal(1, 1)},current_load=${random() % 1500},status=${random() % 5}i ${time}\n`;
  }
  return (
    `readings,${tags} latitude=${decimal(90, 5)},longitude=${decimal(180, 5)},elevation=${random() % 500},velocity=${random() % 100},` +
    `heading=${random() % 360},grade=${random() % 100},fuel_consumption=${decimal(50, 1)},load_capacity=1500,fuel_capacity=150,nominal_fuel_consumption=12 ${time}\n`
  );
}

const points = Number(process.argv[2] ?? 1000);
let text = '';
for (let i = 0; i < points; i += 1) {
  text += point(i);
  if (text.length < flushBytes) continue;
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  text = '';
}
process.stdout.write(text);
