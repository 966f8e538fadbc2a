import { useEffect, useState } from 'preact/hooks';

/** Whether somebody looks at the page: it is in sight, or was `graceMs` ago. */
export function useWatched(graceMs: number): boolean {
  const [isWatched, setWatched] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      if (document.hidden) timer = setTimeout(() => setWatched(false), graceMs);
      else setWatched(true);
    };
    look();
    document.addEventListener('visibilitychange', look);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [graceMs]);
  return isWatched;
}
