// Declares the number types of AssemblyScript for TypeScript, because both compilers read some of the files.

declare type usize = number;
declare type u32 = number;
