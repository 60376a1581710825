"""Import packages from the bytes of their files: no folder is searched, no cache read or written.

What a module does once it runs is not its business: `confine` has the walls.
"""

import contextlib
import importlib
import importlib.util
import linecache
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec


class SourceImporter(MetaPathFinder, Loader):
    """Finds the modules of one package.

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
        for file, is_package in ((f"{folder}__init__.py", True), (f"{name}.py", False)):
            if file in self.files:
                return ModuleSpec(fullname, self, loader_state=file, is_package=is_package)
        if any(file.startswith(folder) for file in self.files):
            return ModuleSpec(fullname, None, is_package=True)  # it has no code
        return None

    def exec_module(self, module):
        """Run a module's code."""
        path, source, problem = self.files[module.__spec__.loader_state]
        if problem:
            raise ImportError(problem)
        module.__file__ = path
        code = compile(source, path, "exec", dont_inherit=True)
        lines = importlib.util.decode_source(source).splitlines(keepends=True)
        linecache.cache[path] = len(source), None, lines, path  # for stack traces, inspect
        exec(code, vars(module))


class LoadedPackage(SourceImporter):
    """The package ``submission`` of a worker.

    It may say ``import word2vec`` for ``submission.word2vec``, unless another module has this name.
    """

    def __init__(self, files):
        super().__init__("submission", files)
        self.paths = {path for path, _, _ in files.values()}
        self.top_names = {file.split("/")[0].removesuffix(".py") for file in files} - {"__init__"}
        self.modules = []

    def find_spec(self, fullname, path=None, target=None):
        """Find a module of the submission, also by its bare name."""
        top, _, rest = fullname.partition(".")
        spec = super().find_spec(fullname)
        if not spec and top in self.top_names:
            is_ours = not rest or is_of_submission(sys.modules.get(top))
            spec = ModuleSpec(fullname, self) if is_ours else None
        return spec

    def exec_module(self, module):
        """Run a module's code, or put the module that a bare name means in its place."""
        if module.__spec__.loader_state:
            super().exec_module(module)
        else:
            name = module.__name__
            sys.modules[name] = importlib.import_module(f"submission.{name}")

    def load(self, module):
        """Import the module that a test is about; if there is none, all that there is.

        The package's ``__init__.py`` runs when something of it is first asked for: so an error, or
        a loop without end, in sgd.py costs no points in word2vec.py.
        """
        sys.meta_path.append(self)
        spec = self.find_spec("submission")
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
        found = (getattr(module, name, None) for module in self.modules)
        return next(filter(callable, found), None)

    def unload(self):
        """Undo all imports, in a process that goes on without the submission."""
        for name in [name for name, found in sys.modules.items() if is_of_submission(found)]:
            del sys.modules[name]
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def is_of_submission(module):
    """Tell whether a module is the submission's; the name that it is imported by does not say."""
    return str(getattr(module, "__name__", "")).split(".")[0] == "submission"
