import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);

/** A call such as `log.info({ sessionId }, 'session open')` in the agent's sources. */
export interface LogCall {
  /** File and line. */
  readonly place: string;
  /** Names of its fields, also of those that come from a variable or a spread. */
  readonly fields: readonly string[];
}

/** Every call of the log, with its fields as the compiler knows them. */
export function logCalls(): LogCall[] {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile.bind(ts.sys)) as {
    config: unknown;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const sources = fileNames.filter((name) => path.relative(ROOT, name).startsWith('src/'));
  const program = ts.createProgram(sources, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const calls: LogCall[] = [];
  for (const file of program.getSourceFiles()) {
    const name = path.relative(ROOT, file.fileName);
    if (!name.startsWith('src/')) continue;
    const visit = (node: ts.Node): void => {
      const fields = fieldsOf(node, checker);
      if (fields !== undefined) {
        const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
        calls.push({ place: `${name}:${line}`, fields });
      }
      node.forEachChild(visit);
    };
    visit(file);
  }
  return calls;
}

function fieldsOf(node: ts.Node, checker: ts.TypeChecker): string[] | undefined {
  if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return undefined;
  const fields = argumentWithFields(node.expression, node.arguments);
  if (fields === undefined) return undefined;
  if (!ts.isObjectLiteralExpression(fields)) return namesOf(fields, checker);
  return fields.properties.flatMap((property) =>
    ts.isSpreadAssignment(property) ? namesOf(property.expression, checker) : [property.name.getText()],
  );
}

function argumentWithFields(
  { name, expression }: ts.PropertyAccessExpression,
  [first, second, third]: readonly ts.Expression[],
): ts.Expression | undefined {
  // What the parent process has to say is logged by a generation.
  if (name.text === '#note') return third;
  const isLog = LEVELS.has(name.text) && /\blog$/.test(expression.getText());
  return isLog && second !== undefined ? first : undefined;
}

/** @throws Error when the type of an expression does not say which fields it has. */
function namesOf(expression: ts.Expression, checker: ts.TypeChecker): string[] {
  const type = checker.getTypeAtLocation(expression);
  const kinds = type.isUnion() ? type.types : [type];
  const names = kinds.flatMap((kind) => kind.getProperties().map((property) => property.name));
  if (names.length > 0) return names;
  throw new Error(
    `${expression.getSourceFile().fileName}: the type of ${expression.getText()} has no fields`,
  );
}
