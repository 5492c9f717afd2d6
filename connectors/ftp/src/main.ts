#!/usr/bin/env node
import { serve } from '@vrsky/runtime/plugin';

/** Files may be larger than a host's usual messages: as much as the protocol allows. */
const maxMessageBytes = 64 * 1024 * 1024;

void serve(() => import('./connector.ts'), { maxMessageBytes });
