import { expect, onTestFinished, test } from 'vitest';
import { BugError, InputError, InterruptedError } from '../../src/core/errors.js';
import { RunControl } from '../../src/load/run-control.js';
import { VirtualClock } from '../support/clock.js';

const never = new AbortController().signal;

function controlled() {
  const [clock, stop, abort] = [new VirtualClock(), new AbortController(), new AbortController()];
  const control = new RunControl({ clock, stop: stop.signal, abort: abort.signal });
  onTestFinished(() => control.close());
  return { clock, stop, abort, control };
}

test('requests in flight have 10 s after a stop, then they are cancelled', async () => {
  const { clock, stop, control } = controlled();
  const signal = new InterruptedError('SIGTERM');
  stop.abort(signal);
  expect(control.reason).toBe(signal);
  expect(control.stop.reason).toBe(signal);
  await clock.advance(9_999);
  expect(control.abort.aborted).toBe(false);
  await clock.advance(1);
  expect(control.abort.reason).toBe(signal);
});

test('a second signal stops at once, and the first cause of the end counts', () => {
  const { stop, abort, control } = controlled();
  const [first, second] = [new InterruptedError('SIGINT'), new InterruptedError('SIGTERM')];
  stop.abort(first);
  abort.abort(second);
  expect(control.abort.reason).toBe(second);
  expect(control.reason).toBe(first);
  control.end(new InputError('later'));
  expect(control.reason).toBe(first);
});

test('a second cause of the end starts no second period of grace', () => {
  const { clock, control } = controlled();
  control.end(new InputError('first'));
  control.end(new InputError('second'));
  expect(clock.waiting).toBe(1);
});

test('--max-duration counts from the start of the run', async () => {
  const { clock, control } = controlled();
  await clock.advance(400);
  control.limitDuration(1000);
  await clock.advance(599);
  expect(control.reason).toBeNull();
  await clock.advance(1);
  expect(control.reason!.message).toBe('stopped by --max-duration');
});

test('a signal from before the start ends the run', () => {
  const stop = AbortSignal.abort(new InterruptedError('SIGTERM'));
  const control = new RunControl({ clock: new VirtualClock(), stop, abort: new AbortController().signal });
  onTestFinished(() => control.close());
  expect(control.stop.aborted).toBe(true);
});

test('an unknown error is a defect with its message', () => {
  for (const cause of [new TypeError('x is not a function'), 'x is not a function']) {
    const { control } = controlled();
    control.end(cause);
    expect(control.reason).toBeInstanceOf(BugError);
    expect(control.reason!.message).toBe('a defect of bulk-load: x is not a function');
  }
});

test('--max-duration counts from the start of the run', async () => {
  const clock = new VirtualClock();
  await clock.advance(500);
  const control = new RunControl({ clock, stop: never, abort: never });
  onTestFinished(() => control.close());
  await clock.advance(2000);
  control.limitDuration(null);
  control.limitDuration(5000);
  await clock.advance(2999);
  expect(control.reason).toBeNull();
  await clock.advance(1);
  expect(control.reason).toBeInstanceOf(InterruptedError);
  expect(control.reason!.message).toContain('--max-duration');
});

test('a --max-duration that has passed already ends the run at once', async () => {
  const { clock, control } = controlled();
  await clock.advance(9000);
  control.limitDuration(5000);
  await clock.advance(0);
  expect(control.reason).toBeInstanceOf(InterruptedError);
});

test('the process stays alive while a run waits, and no longer', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const { control } = controlled();
  expect(timers()).toBe(before + 1);
  control.close();
  expect(timers()).toBe(before);
});

test('after the run no timer and no signal acts', async () => {
  const { clock, stop, control } = controlled();
  control.limitDuration(5000);
  control.close();
  stop.abort(new InterruptedError('SIGTERM'));
  await clock.advance(20_000);
  expect(control.reason).toBeNull();
  expect(clock.waiting).toBe(0);
});
