#!/usr/bin/env node
import { serve } from '@vrsky/runtime/plugin';

void serve(() => import('./connector.ts'));
