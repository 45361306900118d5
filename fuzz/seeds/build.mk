# Seeds that people wrote, as text; corpus/TARGET/seed-NAME is built of them.
.PHONY: seeds seeds-check
seeds: $(B)/replay/vmtrace
	@fuzz/seeds/build make
seeds-check: $(B)/replay/vmtrace $(PLAIN)
	@fuzz/seeds/build check $(FO)
