/** What workers are in tests that do not say: threads, or processes with TEST_ISOLATION=process in the environment. */
export function testIsolation(): 'thread' | 'process' {
  return process.env.TEST_ISOLATION === 'process' ? 'process' : 'thread';
}
