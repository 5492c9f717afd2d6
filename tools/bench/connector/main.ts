import { serve } from '@vrsky/runtime/plugin';

void serve(() => import('./connector.ts'));
