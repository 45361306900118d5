#include "trace.h"

static const char *const types[TRACE_NTYPES] = {
	[TRACE_CONF] = "conf",
	[TRACE_MAP] = "map",
	[TRACE_MSG] = "msg",
	[TRACE_LOAD] = "load",
	[TRACE_POKE] = "poke",
	[TRACE_ANSWER] = "answer",
	[TRACE_EXPECT] = "expect",
	[TRACE_MARK] = "mark",
	[TRACE_TIME] = "time",
	[TRACE_SETUP] = "setup",
	[TRACE_CHAIN] = "chain",
	[TRACE_FAULT] = "fault",
	[TRACE_RACE] = "race",
	[TRACE_RELOAD] = "reload",
	[TRACE_STATE] = "state",
};

static const char *const calls[TRACE_NCALLS] = {
	[TRACE_CALL_CLOCK] = "clock",
	[TRACE_CALL_BLK] = "blk",
	[TRACE_CALL_TX] = "tx",
	[TRACE_CALL_ENTROPY] = "entropy",
};

static const char *const kinds[TRACE_NKINDS] = {
	[TRACE_IRQ] = "irq",
	[TRACE_REPLY] = "reply",
	[TRACE_BLK] = "blk",
	[TRACE_TX] = "tx",
	[TRACE_TIMER] = "timer",
	[TRACE_UNTIMER] = "untimer",
	[TRACE_RXREADY] = "rxready",
	[TRACE_REQUEST] = "request",
	[TRACE_AGAIN] = "again",
	[TRACE_STORE] = "store",
};

const char *
trace_type_name(unsigned n)
{
	return n < TRACE_NTYPES ? types[n] : NULL;
}

const char *
trace_call_name(unsigned n)
{
	return n < TRACE_NCALLS ? calls[n] : NULL;
}

const char *
trace_kind_name(unsigned n)
{
	return n < TRACE_NKINDS ? kinds[n] : NULL;
}
