"""Events in real time: taken in over HTTP, held to contracts, and watched by triggers; nothing here does I/O."""
