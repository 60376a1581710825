"""What the assignment gives to students: helpers, gradient check, treebank, training, plots."""
