"""The quiz: question 3 of the handout. Notation: see the package, ``submission``.

Each question returns the letters of all its options that are right, one or more, such as
``["b", "d"]``. Here vectors are columns, as in the handout.
"""


def question_1():
    """Choose every formula for the derivative of the sigmoid.

    For a number x and sigma(x) = 1 / (1 + exp(-x)), the derivative d sigma(x)/dx is

    (a) sigma(x) (1 - sigma(x))
    (b) 1 - sigma(x) (1 - sigma(x))
    (c) exp(-x) / (1 + exp(-x))^2
    (d) (1 - exp(-x)) / (1 + exp(-x))^2

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["a", "c"]
    ### END_CODE_HERE ###


def question_2():
    """Choose the shapes of the two matrices of word vectors.

    One matrix, U, holds the outside vectors of all V words, the other one their center vectors,
    and a vector has length d. Their shapes are

    (a) outside vectors: (d, 1); center vectors: (d, V)
    (b) outside vectors: (V, V); center vectors: (d, 1)
    (c) outside vectors: (d, V); center vectors: (d, V)
    (d) outside vectors: (d, 1); center vectors: (d, 1)

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["c"]
    ### END_CODE_HERE ###


def question_3():
    """Choose the shape of the gradient with respect to the center vector.

    The naive softmax loss of a center word c and an outside word o is
    J = -u_o . v_c + log(sum over all words w of exp(u_w . v_c)), and its gradient with respect to
    v_c is dJ/dv_c = U (y_hat - y). With V words and vectors of length d, dJ/dv_c has the shape

    (a) (V, 1)
    (b) (d, 1)
    (c) (d, V)

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["b"]
    ### END_CODE_HERE ###


def question_4():
    """Choose the shape of the gradient with respect to the outside vectors.

    The same loss, J = -u_o . v_c + log(sum over all words w of exp(u_w . v_c)), has the gradient
    dJ/dU = v_c (y_hat - y)^T with respect to U. With V words and vectors of length d, dJ/dU has
    the shape

    (a) (V, 1)
    (b) (d, 1)
    (c) (d, V)

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["c"]
    ### END_CODE_HERE ###


def question_5():
    """Choose the step of stochastic gradient descent.

    Let g(x) be the gradient of the loss at x, and eta the learning rate. A step is

    (a) x <- x - eta g(x)
    (b) x <- x - eta dg(x)/dx
    (c) x <- x - eta / g(x)
    (d) x <- x - eta dx/dg(x)

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["a"]
    ### END_CODE_HERE ###


def question_6():
    """Choose what is true of the naive softmax and of negative sampling.

    Both are losses of skip-gram. The first one follows from the probability of an outside word,
    P(O = o | C = c) = exp(u_o . v_c) / (sum over all words w of exp(u_w . v_c)); the second one
    stands in for it.

    (a) With the naive softmax, the gradient takes a sum over all words of the vocabulary, which
        makes training slow.
    (b) With negative sampling, the gradient is cheaper: it takes a sum over a few words only, the
        outside word and the negative samples.
    (c) With negative sampling, the gradient takes a sum over all words of the vocabulary, which
        makes training slow.

    Returns
    -------
    list of str
        Letters of the right options.
    """
    ### START_CODE_HERE ###
    return ["a", "b"]
    ### END_CODE_HERE ###
