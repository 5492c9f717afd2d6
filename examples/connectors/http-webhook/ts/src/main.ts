#!/usr/bin/env -S node --conditions=vrsky:source
import { serve } from '@vrsky/runtime/plugin';

void serve(() => import('./connector.ts'));
