#include "cli/import_hubble.h"
#include "tests/fuzz/sighting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_sighting(data, size, hubble_is, hubble_decode);
}
