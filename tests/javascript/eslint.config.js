// What is looked for in the panel's JavaScript. The modules run in a browser as they are written; nothing is bundled.

import { createRequire } from "node:module";

// Where the packages lie is also told by NODE_PATH, which only this way of importing heeds.
const require = createRequire(import.meta.url);
const js = require("@eslint/js");
const globals = require("globals");

/** What could turn a name, or text that somebody typed, into markup or code. */
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "createContextualFragment", "srcdoc"];
const CODE = [
  { selector: "ImportExpression", message: "The linker does not follow it: import at the top." },
  { selector: "ExportAllDeclaration", message: "The linker does not follow it." },
  { selector: "ExportNamedDeclaration[specifiers.length>0]", message: "The linker does not follow it: export where it is declared." },
  { selector: "Literal[value=/^\\s*javascript:/i]", message: "No code in addresses." },
];

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, sourceType: "module" },
    linterOptions: { reportUnusedDisableDirectives: "error", noInlineConfig: true },
    rules: {
      "array-callback-return": "error",
      "consistent-return": "error",
      "default-case-last": "error",
      eqeqeq: "error",
      "max-lines-per-function": ["error", { max: 45, skipBlankLines: true, skipComments: true }],
      "no-constructor-return": "error",
      "no-else-return": "error",
      "no-eval": "error",
      "no-implicit-coercion": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-param-reassign": "error",
      "no-promise-executor-return": "error",
      "no-script-url": "error",
      "no-self-compare": "error",
      "no-shadow": "error",
      "no-template-curly-in-string": "error",
      "no-throw-literal": "error",
      "no-unmodified-loop-condition": "error",
      "no-unused-expressions": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
      "no-useless-return": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["unet_explorer/panel/static/**"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-alert": "error",
      "no-console": ["error", { allow: ["error"] }],
      // Names that a browser has anyhow: one that is misspelt or forgotten would be found there.
      "no-restricted-globals": ["error", "close", "event", "find", "length", "name", "origin", "parent", "status", "stop", "top"],
      "no-restricted-properties": [
        "error",
        ...MARKUP.map((property) => ({ property, message: "Text is only ever set as text." })),
        { object: "document", property: "write", message: "Text is only ever set as text." },
      ],
      "no-restricted-syntax": ["error", ...CODE],
    },
  },
  { files: ["tests/javascript/**"], languageOptions: { globals: globals.node }, rules: { "max-lines-per-function": "off" } },
];
