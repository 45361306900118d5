/*
 * A watch over runs: one that takes WATCH_SECONDS of processor time and is
 * not done fails, with its name.
 */
#ifndef WATCH_H
#define WATCH_H

#define WATCH_SECONDS	2

void	watch_begin(void);
void	watch_run(const char *);	/* the next run, and what to call it */
void	watch_end(void);

#endif
