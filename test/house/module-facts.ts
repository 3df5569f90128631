/** What a TypeScript file imports and exports, read by a real parser (oxc), so that comments and strings can't fool the rules. */

import { Visitor, parseSync } from 'oxc-parser';

/** One import, `export … from`, `import()` or `import('…').Type` of a file. */
export interface ImportFact {
  readonly specifier: string;
  /** True when the import vanishes in the compiled file. */
  readonly typeOnly: boolean;
  /** True for `import()`. */
  readonly dynamic: boolean;
}

/** What the architecture rules need to know of a file. */
export interface ModuleFacts {
  readonly imports: readonly ImportFact[];
  readonly exportsAll: boolean;
  readonly exportsDefault: boolean;
}

/** Parses `source`; throws when it does not parse, as a file that is not understood can't be judged. */
export function moduleFacts(path: string, source: string): ModuleFacts {
  const { program, module, errors } = parseSync(path, source);
  const error = errors.find(({ severity }) => severity === 'Error');
  if (error !== undefined) throw new SyntaxError(`${path}: ${error.message}`);
  const imports: ImportFact[] = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    typeOnly: entries.length > 0 && entries.every(({ isType }) => isType),
    dynamic: false,
  }));
  const entries = module.staticExports.flatMap(({ entries }) => entries);
  for (const { moduleRequest, isType } of entries)
    if (moduleRequest !== null) imports.push({ specifier: moduleRequest.value, typeOnly: isType, dynamic: false });
  new Visitor({
    ImportExpression: ({ source }) => {
      // A computed specifier is a file that the user names (a recipe), never a room.
      if (source.type === 'Literal' && typeof source.value === 'string')
        imports.push({ specifier: source.value, typeOnly: false, dynamic: true });
    },
    TSImportType: ({ source }) => {
      imports.push({ specifier: source.value, typeOnly: true, dynamic: false });
    },
  }).visit(program);
  return {
    imports,
    exportsAll: entries.some(({ importName }) => importName.kind === 'AllButDefault' || importName.kind === 'All'),
    exportsDefault: entries.some(({ exportName }) => exportName.kind === 'Default'),
  };
}
