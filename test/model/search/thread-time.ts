/** How long this thread has worked, in milliseconds: a search goes as far beside other work as it does alone. */
export function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
