"""Import the package ``submission`` from the bytes of its files."""

import contextlib
import importlib
import importlib.abc
import importlib.util
import linecache
import sys


class SourceImporter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a package's modules among sources in memory, each compiled anew, from no cache.

    `files` has by path in the package, such as ``helpers/text.py``: where the file lies, its
    content, and what is wrong with it, if anything.
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


def is_of_submission(module):
    """Tell whether a module is the submission's; the name that it is imported by does not say."""
    return str(getattr(module, "__name__", "")).split(".")[0] == "submission"


class LoadedPackage:
    """The package ``submission`` of a worker; `files` is as of `SourceImporter`."""

    def __init__(self, files):
        self.files = files
        self.paths = {path for path, _, _ in files.values()}
        self.importers = SourceImporter("submission", files), TopLevelNames(files)
        self.modules = []

    def load(self, module):
        """Import the module that a test is about; if there is none, all that there is.

        The package's ``__init__.py`` runs when something of it is first asked for: so an error, or
        a loop without end, in sgd.py costs no points in word2vec.py.
        """
        sys.meta_path.insert(0, self.importers[0])
        sys.meta_path.append(self.importers[1])
        spec = self.importers[0].find_spec("submission")
        package = sys.modules["submission"] = importlib.util.module_from_spec(spec)

        def get(name):
            if name.startswith("__"):
                raise AttributeError(f"module 'submission' has no attribute {name!r}")
            del package.__getattr__
            with contextlib.suppress(Exception, SystemExit):
                spec.loader.exec_module(package)
            return getattr(package, name)

        package.__getattr__ = get
        names = [module] if f"{module}.py" in self.files else []
        if not names and "__init__.py" in self.files:
            del package.__getattr__
            spec.loader.exec_module(package)
        elif not names:  # perhaps it is in another file
            names = [file.removesuffix(".py") for file in self.files if "/" not in file]
        self.modules = [importlib.import_module(f"submission.{name}") for name in names]
        self.modules.append(package)

    def function(self, name):
        """Look a function up; None if there is none of that name."""
        for module in self.modules:
            if callable(found := getattr(module, name, None)):
                return found
        return None

    def unload(self):
        """Undo all imports, in a process that goes on without the submission."""
        for name in [name for name, found in sys.modules.items() if is_of_submission(found)]:
            del sys.modules[name]
        sys.meta_path[:] = [found for found in sys.meta_path if found not in self.importers]
