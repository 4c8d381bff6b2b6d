// Everything in dist/ is served below /assets/ and embedded in the binary.
import { cp, mkdir, rm } from 'node:fs/promises';

// GraphiQL 4 is the last line with a ready UMD file, and that file is built for React 18.
// It already carries a graphql-transport-ws client.
const readyFiles = {
  'graphiql.min.js': 'graphiql/graphiql.min.js',
  'graphiql.min.css': 'graphiql/graphiql.min.css',
  'graphiql.LICENSE.txt': 'graphiql/LICENSE',
  'react.production.min.js': 'react/umd/react.production.min.js',
  'react-dom.production.min.js': 'react-dom/umd/react-dom.production.min.js',
};

const here = (path) => new URL(path, import.meta.url);

await rm(here('dist'), { recursive: true, force: true });
await mkdir(here('dist'));
await cp(here('pages'), here('dist/pages'), { recursive: true });
await cp(here('graphiql'), here('dist/graphiql'), { recursive: true });
for (const [name, source] of Object.entries(readyFiles)) {
  await cp(here(`node_modules/${source}`), here(`dist/graphiql/${name}`));
}
