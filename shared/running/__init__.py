"""How the programs are started, confined and watched on one machine; decides nothing about jobs."""
