import { z } from 'zod'
import { stableHash } from '../../agent/config/hash.ts'
