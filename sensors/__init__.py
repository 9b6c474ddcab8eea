"""What watches the world: read, ask `domain.triggers`, request; nothing else."""
