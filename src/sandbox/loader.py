"""Import the package ``submission`` from the bytes of its files."""

import importlib
import importlib.abc
import importlib.util
import linecache
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
        package, _, name = fullname.replace(".", "/").partition("/")
        if package != self.package:
            return None
        folder = f"{name}/" if name else ""
        is_package = {f"{folder}__init__.py": True, f"{name}.py": False}
        file = next((file for file in is_package if file in self.files), None)
        if file is None and not any(other.startswith(folder) for other in self.files):
            return None
        spec = importlib.util.spec_from_loader(
            fullname, self, is_package=is_package.get(file, True)
        )
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
        code = compile(source, path, "exec", dont_inherit=True)
        lines = importlib.util.decode_source(source).splitlines(keepends=True)
        linecache.cache[path] = len(source), None, lines, path  # for stack traces, inspect
        exec(code, vars(module))


def is_of_submission(module):
    """Tell whether a module is the submission's; the name that it is imported by does not say."""
    return str(getattr(module, "__name__", "")).split(".")[0] == "submission"


def forget_modules():
    """Undo the import of the submission's modules."""
    for name in [name for name, found in sys.modules.items() if is_of_submission(found)]:
        del sys.modules[name]


class TopLevelNames(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Lets a submission say ``import word2vec`` for ``submission.word2vec``, where no other is."""

    def __init__(self, files):
        self.names = {file.split("/")[0].removesuffix(".py") for file in files} - {"__init__"}

    def find_spec(self, fullname, path=None, target=None):
        """Find a module of the submission by its bare name."""
        top, _, rest = fullname.partition(".")
        if top not in self.names or (rest and not is_of_submission(sys.modules.get(top))):
            return None
        return importlib.util.spec_from_loader(fullname, self)

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
        self.importers = SourceImporter("submission", files), TopLevelNames(files)
        self.modules = []
        sys.meta_path.insert(0, self.importers[0])
        sys.meta_path.append(self.importers[1])

    def load(self, module):
        """Import the package, and the module of it that a test is about.

        If the package cannot be imported because of another module, that module is imported alone:
        an error in sgd.py costs no points in word2vec.py.
        """
        try:
            self.modules = [importlib.import_module("submission")]
        except (Exception, SystemExit):
            if f"{module}.py" not in self.files:
                raise
            forget_modules()
            package = sys.modules["submission"] = types.ModuleType("submission")
            package.__path__ = []
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

    def unload(self):
        """Undo all imports; of use only in a process that goes on without the submission."""
        forget_modules()
        for importer in self.importers:
            sys.meta_path.remove(importer)
