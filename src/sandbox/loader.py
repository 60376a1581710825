"""Import the package ``submission`` from the bytes of its files."""

import importlib
import importlib.abc
import importlib.util
import sys
import types


class SourceImporter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a package's modules among sources in memory; compiled anew, from no cache.

    Parameters
    ----------
    package : str
        Name of the package.
    files : dict of str to (str, bytes, str)
        By path in the package, such as ``helpers/text.py``: where the file lies, its content, and
        what is wrong with it, if anything.
    """

    def __init__(self, package, files):
        self.package = package
        self.files = files

    def find_spec(self, fullname, path=None, target=None):
        """Find a module of the package; None if it is none."""
        if fullname.split(".")[0] != self.package:
            return None
        name = fullname.replace(".", "/").removeprefix(self.package).lstrip("/")
        file = next(
            (f for f in (f"{name}.py", f"{name}/__init__.py".lstrip("/")) if f in self.files), None
        )
        is_package = not name or (file or "").endswith("__init__.py")
        if file is None and not any(f.startswith(f"{name}/" if name else "") for f in self.files):
            return None
        spec = importlib.util.spec_from_loader(
            fullname, self, is_package=is_package or file is None
        )
        spec.origin = self.files[file][0] if file else None
        spec.loader_state = file
        return spec

    def exec_module(self, module):
        """Run a module's code; a folder without ``__init__.py`` has none."""
        file = module.__spec__.loader_state
        if file is None:
            return
        path, source, problem = self.files[file]
        if problem:
            raise ImportError(problem)
        module.__file__ = path
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))


class TopLevelNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets a submission say ``import word2vec`` for ``submission.word2vec``, where no other is."""

    def __init__(self, files):
        self.names = {file.removesuffix(".py") for file in files if "/" not in file}

    def find_spec(self, fullname, path=None, target=None):
        """Find a module of the submission by its bare name."""
        if fullname in self.names and fullname != "__init__":
            return importlib.util.spec_from_loader(fullname, self)
        return None

    def exec_module(self, module):
        """Put the module of the package in its place."""
        sys.modules[module.__name__] = importlib.import_module(f"submission.{module.__name__}")


class Submission:
    """The package ``submission`` of a worker.

    Parameters
    ----------
    files : dict
        As of `SourceImporter`.
    """

    def __init__(self, files):
        self.files = files
        self.paths = {path for path, _, _ in files.values()}
        sys.meta_path.insert(0, SourceImporter("submission", files))
        sys.meta_path.append(TopLevelNames(files))
        self.modules = []

    def load(self, module):
        """Import the package, and the module of it that a test is about.

        If the package cannot be imported because of another module, that module is imported alone:
        an error in sgd.py costs no points in word2vec.py.
        """
        try:
            self.modules = [importlib.import_module("submission")]
        except Exception:
            if len(self.files) == 1 or "__init__.py" not in self.files:
                raise
            for name in [name for name in sys.modules if name.split(".")[0] == "submission"]:
                del sys.modules[name]
            sys.modules["submission"] = types.ModuleType("submission")
            sys.modules["submission"].__path__ = []
        names = [module] if f"{module}.py" in self.files else []
        if not names and "__init__.py" not in self.files:  # perhaps it is in another file
            names = [file.removesuffix(".py") for file in self.files if "/" not in file]
        self.modules += [importlib.import_module(f"submission.{name}") for name in names]

    def function(self, name):
        """Look a function up; None if there is none of that name."""
        for module in self.modules:
            if callable(found := getattr(module, name, None)):
                return found
        return None
