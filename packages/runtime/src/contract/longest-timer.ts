/** What a timer can hold, in milliseconds; a longer limit is as good as none. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;
