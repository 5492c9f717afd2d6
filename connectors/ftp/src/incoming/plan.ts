import type { ConnectionConfig } from '@vrsky/runtime';
import { resolve } from '../paths.ts';
import type { Server } from '../remote/server.ts';
import { invalid } from '../remote/server.ts';
import { type Lookup, Template } from '../template.ts';
import { instanceIdOf } from './claim.ts';
import type { FoundFile } from './found-file.ts';
import { messageId } from './found-file.ts';
import { ownDirectory } from './poller.ts';
import type { End } from './put-away.ts';
import { createSelection } from './select.ts';
import type { IncomingSettings } from './settings.ts';
import type { SurveyOptions } from './survey.ts';

const VARIABLES = ['name', 'messageId', 'date'];

/** The settings of the incoming direction, understood. */
export interface Plan {
  /** For a directory whose absolute path is known by now. */
  survey(root: string): SurveyOptions;
  /** What becomes of a file that the host has safe, or does not want. */
  end(root: string, file: FoundFile, isRejected: boolean): End;
}

/** @throws PluginError INVALID_CONFIG: what the schema cannot say */
export function createPlan(config: ConnectionConfig<IncomingSettings>, server: Server): Plan {
  const { settings } = config;
  const { afterProcess, moveDirectory, moveFailedDirectory, doneFile } = settings;
  const moved = new Template(moveDirectory, VARIABLES, 'settings.moveDirectory');
  const failed = new Template(moveFailedDirectory, VARIABLES, 'settings.moveFailedDirectory');
  const marker =
    doneFile === undefined ? undefined : new Template(doneFile, ['name'], 'settings.doneFile');
  const selection = createSelection(settings);
  checkOwn(moved, 'settings.moveDirectory');
  checkOwn(failed, 'settings.moveFailedDirectory');
  if (settings.claimDirectory)
    checkOwn(
      new Template(settings.claimDirectory, [], 'settings.claimDirectory'),
      'settings.claimDirectory',
    );
  return {
    survey: (root) => ({
      settings,
      selection,
      root,
      ownDirectories: new Set(
        [moved.prefix, failed.prefix, settings.claimDirectory ?? failed.prefix].map((prefix) =>
          ownDirectory(root, prefix),
        ),
      ),
      claimDirectory: settings.claimDirectory && resolve(root, settings.claimDirectory),
      instanceId: instanceIdOf(settings, config.id || config.name),
      doneFile: marker,
    }),
    end(root, file, isRejected) {
      const lookup: Lookup = (variable) => {
        if (variable === 'name') return file.name;
        return variable === 'date' ? new Date().toISOString() : messageId(server, file);
      };
      if (isRejected) return { kind: 'move', directory: resolve(root, failed.render(lookup)) };
      if (afterProcess === 'move')
        return { kind: 'move', directory: resolve(root, moved.render(lookup)) };
      if (afterProcess === 'renameSuffix') return { kind: 'rename', suffix: settings.renameSuffix };
      return { kind: afterProcess === 'delete' ? 'delete' : 'keep' };
    },
  };
}

/** Files that were put away must not be found again: their directory is known by how it begins. */
function checkOwn({ prefix }: Template, field: string): void {
  const names = prefix.split('/').filter((name) => name !== '' && name !== '.');
  if (names.length > 0 && !names.includes('..')) return;
  throw invalid(field, 'expected a directory that begins with a fixed name, without ".."');
}
