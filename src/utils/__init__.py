"""What the assignment gives: helpers, gradient check, texts, pictures; and its constants."""

BATCH_SIZE = 50  # windows whose mean loss is one step's
PRINT_EVERY = 10  # iterations between two values of the smoothed loss
SAVE_EVERY = 5_000  # iterations between two saves
ANNEAL_EVERY = 20_000  # iterations after which the step is halved
